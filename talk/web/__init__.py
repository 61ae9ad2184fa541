"""The pages for browsers: views, data for their script, and security headers.

Modules:

    assets     URLs of the page's files
    data       data for the page's script
    embedding  rooms in a site's own pages
    policy     security headers
    texts      the page's texts in the reader's language
    urls       URL patterns of the pages
    views      the pages
"""
