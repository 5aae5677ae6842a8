//! tidegate-statistics
