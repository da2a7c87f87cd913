"""Who speaks: what is heard beside the decoding (listener.py), and how speakers come of it at the end (command.py)."""
