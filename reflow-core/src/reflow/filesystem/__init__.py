"""Files that survive a kill: written whole, renamed into place, linked as locks, known by their stamps."""
