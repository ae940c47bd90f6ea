"""The task writing: texts about products and replies to customers that say nothing but their facts."""
