//! The LimiQuantix node agent
