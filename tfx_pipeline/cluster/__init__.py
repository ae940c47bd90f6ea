"""Kubeflow: what a compiled pipeline is made of, how it is submitted, and how it runs without a cluster."""
