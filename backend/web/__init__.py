"""The only package that speaks HTTP: JSON API and portals."""
