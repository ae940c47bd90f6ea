"""From the tables of answers and dialogues to questions with their answers."""
