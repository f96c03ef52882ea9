"""What the doctor looks at: one module for the nodes, one for the platform; each question is a function that gives findings.

findings.py   what was found and what to do next      nodes.py     chain, genesis, heads, peers, gas, clocks, lists
house.py      which installation it is                platform.py  database, mirror, comparison, keys, portals, disk
"""
