"""A private Besu network (QBFT, free gas): its files, and its processes on this machine. ``scripts/network.py`` is the command line.

yaml_lines   where in a YAML file a value stands, so that a refusal can name the line
config       network.yaml: what it may say, and what is refused
accounts     accounts of the operator that are known before the first block, and the addresses of the contracts
genesis      extra data, genesis block and its hash
nodes        ports, addresses and config.toml of each node
files        writing whole or not at all; keys are never overwritten
generate     everything together
find         Besu and Java on this machine, their versions
processes    nodes as processes: checks before the start, readiness, watching, the end
"""
