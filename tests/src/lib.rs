//! Nothing lives here but tests.
