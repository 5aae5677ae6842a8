//! HTTP: the published log as static files, and a witness (C2SP tlog-witness).
