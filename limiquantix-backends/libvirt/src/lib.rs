//! LimiQuantix hypervisor and storage backend on libvirt
