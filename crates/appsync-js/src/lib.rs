//! The APPSYNC_JS runtime.
