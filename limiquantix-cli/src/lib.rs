//! lqx: the LimiQuantix command line
