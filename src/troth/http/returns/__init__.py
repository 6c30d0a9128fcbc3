"""What comes back: opened, received, graded, credited, exchanged."""
