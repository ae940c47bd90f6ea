"""The TFX components of the task recommendation."""
