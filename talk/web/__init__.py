"""The pages for browsers: views, data for their script, and security headers.

Modules:

    assets            URLs of the page's files
    embedding         rooms in a site's own pages
    page_data         data for the page's script
    page_texts        the page's texts in the reader's language
    security_headers  security headers
    urls              URL patterns of the pages
    views             the pages
"""
