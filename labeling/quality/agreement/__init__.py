"""How much answers agree, as figures: pure functions, nothing of the database.

A task's answers to one question are `{person id: value}`; a person who did not answer is simply absent.
"""
