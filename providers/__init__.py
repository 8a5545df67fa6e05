"""Payment providers behind one port; could be lifted out whole."""
