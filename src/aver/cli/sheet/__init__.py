"""A clip's contact sheet: what every stage saw of it, gathered from the outs and drawn on one page."""
