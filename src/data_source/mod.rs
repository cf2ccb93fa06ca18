//! data_source
