//! In-memory reference implementation of the LimiQuantix store contract
