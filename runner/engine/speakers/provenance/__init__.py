"""How the two nets were made from what their authors published; nothing of it runs in the engine."""
