//! tidegate-accountant
