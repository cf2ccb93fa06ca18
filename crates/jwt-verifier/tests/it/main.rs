//! End to end: tokens against an issuer that runs here, on a free port.

mod hostile;
mod issuer;
mod memory;
mod properties;
mod provided;
mod support;
mod vectors;
