"""What the network kept and what each step read: the numbers (reading.py), a page (page.py), a picture (picture.py)."""
