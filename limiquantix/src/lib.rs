//! The LimiQuantix SDK: a control plane as a library
