"""How texts are judged: what they say of their facts, and how near they are to the shop's own."""
