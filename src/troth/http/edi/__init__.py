"""Electronic data interchange: trading partners, and the interchanges that come and go."""
