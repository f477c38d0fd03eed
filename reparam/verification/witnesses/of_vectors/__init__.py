"""What witnesses look at where values are vectors: each looks at one property, one a file.

``derivative`` and ``continuity`` look at vectors as they do at numbers.
"""
