//! tidegate-authorisation
