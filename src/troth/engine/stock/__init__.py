"""Stock that moves without an order, and the lots and serials of units that move with one."""
