"""People and organisations: applications (KYC, KYB), checks, decisions, admission on chain, qualification, blocking.

cases          an applicant's side: draft, documents, submission, answers to remarks
review         an officer's side: remarks, refusal, approval
checks         automatic checks of a submitted application
screening      watch-lists and hits
participants   the register of participants; admission, change, block, unblock
tasks          actions that wait for a second officer (four eyes)
service        everything above that other packages may call
"""
