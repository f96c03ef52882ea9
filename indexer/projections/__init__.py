"""From decoded events to the derived chain_* tables, one module a domain."""
