"""Primary and secondary market: orders in placements and offers on the exchange, up to delivery versus payment."""
