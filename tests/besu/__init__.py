"""A real network of four validators: `make test-besu`. Where no Besu is found these tests fail; `make test` leaves them out."""
