//! Embedded durable store of LimiQuantix on SQLite
