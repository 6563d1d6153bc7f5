// The document lies beside the page, wherever an ingress puts both.
window.SwaggerUIBundle({ url: "openapi.yaml", dom_id: "#api", deepLinking: true, validatorUrl: null, tryItOutEnabled: true });
