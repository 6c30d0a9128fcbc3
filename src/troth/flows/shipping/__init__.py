"""What leaves a node with a carrier: labels bought, followed and voided, papers, and where parcels are asked for."""
