//! The LimiQuantix API server
