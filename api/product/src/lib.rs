//! Data products: the delivery package, made and verified.
