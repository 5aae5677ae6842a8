//! tidegate-service
