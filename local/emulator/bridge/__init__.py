"""Behaviour of AWS that MiniStack lacks and this project depends on: one module per subject."""
