//! The scripted model: an HTTP server with the real wire formats that plays a scenario file.
