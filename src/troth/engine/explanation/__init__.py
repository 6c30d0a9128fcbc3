"""Why a plan was chosen, what would have flipped it, and the plans that no other one beats."""
