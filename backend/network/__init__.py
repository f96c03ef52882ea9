"""Permissioning of a Besu network as an operation: who may send, which nodes may join, who seals blocks.

    lists.py    the wanted lists with history: admit, remove              fanout.py  every wanted change to every node, until all have it
    votes.py    validators in and out, by the votes of the validators     drift.py   nodes compared with the wanted lists, and put right
    senders.py  blocks searched for senders that were not wanted          seals.py   proposers, rounds, missing seals from mirrored blocks
    nodes.py    the file of nodes      rpc.py, answers.py  what is asked and what Besu's answers mean      jobs.py  all of it in the worker

Besu's own lists are files of single nodes and are not part of consensus: a node with another list may put any sender into its blocks. What
is wanted stands in SQL, the nodes follow it, and two checks watch: the lists themselves and the senders of every block.
An installation without ``KAPITAL_BESU_NODES_FILE`` runs on one node without lists; nothing here does anything then, and the pages say so.
"""
