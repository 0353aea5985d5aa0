//! Conformance suites, generators, fixtures and a manual clock for LimiQuantix
