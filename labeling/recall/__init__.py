"""Recalling answers: they count nowhere any more, what rested on them is settled anew, and it can be taken back."""
