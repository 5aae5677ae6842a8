//! tidegate-gate
