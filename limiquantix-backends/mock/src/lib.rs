//! A simulated hypervisor and storage for LimiQuantix
