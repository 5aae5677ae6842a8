//! tidegate-log
