"""The platform on one machine: node, indexer, web, worker, started and watched by one process.

home       the folder of an installation: secrets, ports, settings of the processes
children   child processes that are started again when they die
officers   the first officers and the deployment of the contracts
platform   everything together
"""
