"""Values as tagged JSON and back: what may travel, how it is written, what it is known by. Pure."""
