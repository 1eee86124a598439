"""Published weights: where they are, bringing them, and looking through them before anything loads them."""
