{{- define "streamgate.servicedashboard" -}}
{
  "uid": "streamgate-{{ $.Service }}",
  "title": "Streamgate: {{ $.Service }}",
  "description": "Rate, errors and duration of requests, saturation, replicas.",
  "tags": [
    "streamgate"
  ],
  "schemaVersion": 39,
  "version": 1,
  "editable": true,
  "refresh": "10s",
  "time": {
    "from": "now-30m",
    "to": "now"
  },
  "timezone": "browser",
  "templating": {
    "list": [
      {
        "name": "datasource",
        "type": "datasource",
        "query": "prometheus",
        "label": "Data source",
        "current": {}
      },
      {
        "name": "namespace",
        "type": "query",
        "label": "Namespace",
        "datasource": {
          "type": "prometheus",
          "uid": "${datasource}"
        },
        "query": {
          "query": "label_values(streamgate_build_info, namespace)",
          "refId": "namespace"
        },
        "refresh": 2,
        "sort": 1,
        "current": {}
      }
    ]
  },
  "annotations": {
    "list": []
  },
  "links": [
    {
      "type": "dashboards",
      "tags": [
        "streamgate"
      ],
      "asDropdown": false,
      "title": "Streamgate"
    }
  ],
  "panels": [
    {
      "id": 1,
      "type": "row",
      "title": "Requests",
      "collapsed": false,
      "gridPos": {
        "h": 1,
        "w": 24,
        "x": 0,
        "y": 0
      },
      "panels": []
    },
    {
      "id": 2,
      "type": "timeseries",
      "title": "Requests by route",
      "description": "",
      "datasource": {
        "type": "prometheus",
        "uid": "${datasource}"
      },
      "gridPos": {
        "h": 8,
        "w": 8,
        "x": 0,
        "y": 1
      },
      "fieldConfig": {
        "defaults": {
          "unit": "reqps",
          "min": 0,
          "custom": {
            "fillOpacity": 40,
            "showPoints": "never",
            "stacking": {
              "mode": "normal"
            }
          }
        },
        "overrides": []
      },
      "options": {
        "legend": {
          "displayMode": "list",
          "placement": "bottom"
        },
        "tooltip": {
          "mode": "multi",
          "sort": "desc"
        }
      },
      "targets": [
        {
          "refId": "A",
          "datasource": {
            "type": "prometheus",
            "uid": "${datasource}"
          },
          "expr": "sum by (method, route) (rate(http_requests_total{namespace=\"$namespace\",service=\"{{ $.Service }}\"}[$__rate_interval]))",
          "legendFormat": "[[method]] [[route]]"
        }
      ]
    },
    {
      "id": 3,
      "type": "timeseries",
      "title": "Server errors by route",
      "description": "",
      "datasource": {
        "type": "prometheus",
        "uid": "${datasource}"
      },
      "gridPos": {
        "h": 8,
        "w": 8,
        "x": 8,
        "y": 1
      },
      "fieldConfig": {
        "defaults": {
          "unit": "reqps",
          "min": 0,
          "custom": {
            "fillOpacity": 10,
            "showPoints": "never",
            "stacking": {
              "mode": "none"
            }
          }
        },
        "overrides": []
      },
      "options": {
        "legend": {
          "displayMode": "list",
          "placement": "bottom"
        },
        "tooltip": {
          "mode": "multi",
          "sort": "desc"
        }
      },
      "targets": [
        {
          "refId": "A",
          "datasource": {
            "type": "prometheus",
            "uid": "${datasource}"
          },
          "expr": "sum by (method, route, code) (rate(http_requests_total{namespace=\"$namespace\",service=\"{{ $.Service }}\",code=~\"5..\"}[$__rate_interval])) or vector(0)",
          "legendFormat": "[[method]] [[route]] [[code]]"
        }
      ]
    },
    {
      "id": 4,
      "type": "timeseries",
      "title": "Share of server errors",
      "description": "",
      "datasource": {
        "type": "prometheus",
        "uid": "${datasource}"
      },
      "gridPos": {
        "h": 8,
        "w": 8,
        "x": 16,
        "y": 1
      },
      "fieldConfig": {
        "defaults": {
          "unit": "percentunit",
          "min": 0,
          "custom": {
            "fillOpacity": 10,
            "showPoints": "never",
            "stacking": {
              "mode": "none"
            }
          }
        },
        "overrides": []
      },
      "options": {
        "legend": {
          "displayMode": "list",
          "placement": "bottom"
        },
        "tooltip": {
          "mode": "multi",
          "sort": "desc"
        }
      },
      "targets": [
        {
          "refId": "A",
          "datasource": {
            "type": "prometheus",
            "uid": "${datasource}"
          },
          "expr": "(sum(rate(http_requests_total{namespace=\"$namespace\",service=\"{{ $.Service }}\",code=~\"5..\"}[$__rate_interval])) or vector(0)) / sum(rate(http_requests_total{namespace=\"$namespace\",service=\"{{ $.Service }}\"}[$__rate_interval]))",
          "legendFormat": "5xx"
        }
      ]
    },
    {
      "id": 5,
      "type": "row",
      "title": "Duration",
      "collapsed": false,
      "gridPos": {
        "h": 1,
        "w": 24,
        "x": 0,
        "y": 9
      },
      "panels": []
    },
    {
      "id": 6,
      "type": "timeseries",
      "title": "p50 by route",
      "description": "",
      "datasource": {
        "type": "prometheus",
        "uid": "${datasource}"
      },
      "gridPos": {
        "h": 8,
        "w": 8,
        "x": 0,
        "y": 10
      },
      "fieldConfig": {
        "defaults": {
          "unit": "s",
          "min": 0,
          "custom": {
            "fillOpacity": 10,
            "showPoints": "never",
            "stacking": {
              "mode": "none"
            }
          }
        },
        "overrides": []
      },
      "options": {
        "legend": {
          "displayMode": "list",
          "placement": "bottom"
        },
        "tooltip": {
          "mode": "multi",
          "sort": "desc"
        }
      },
      "targets": [
        {
          "refId": "A",
          "datasource": {
            "type": "prometheus",
            "uid": "${datasource}"
          },
          "expr": "histogram_quantile(0.5, sum by (le, method, route) (rate(http_request_duration_seconds_bucket{namespace=\"$namespace\",service=\"{{ $.Service }}\"}[$__rate_interval])))",
          "legendFormat": "[[method]] [[route]]"
        }
      ]
    },
    {
      "id": 7,
      "type": "timeseries",
      "title": "p99 by route",
      "description": "",
      "datasource": {
        "type": "prometheus",
        "uid": "${datasource}"
      },
      "gridPos": {
        "h": 8,
        "w": 8,
        "x": 8,
        "y": 10
      },
      "fieldConfig": {
        "defaults": {
          "unit": "s",
          "min": 0,
          "custom": {
            "fillOpacity": 10,
            "showPoints": "never",
            "stacking": {
              "mode": "none"
            }
          }
        },
        "overrides": []
      },
      "options": {
        "legend": {
          "displayMode": "list",
          "placement": "bottom"
        },
        "tooltip": {
          "mode": "multi",
          "sort": "desc"
        }
      },
      "targets": [
        {
          "refId": "A",
          "datasource": {
            "type": "prometheus",
            "uid": "${datasource}"
          },
          "expr": "histogram_quantile(0.99, sum by (le, method, route) (rate(http_request_duration_seconds_bucket{namespace=\"$namespace\",service=\"{{ $.Service }}\"}[$__rate_interval])))",
          "exemplar": true,
          "legendFormat": "[[method]] [[route]]"
        }
      ]
    },
    {
      "id": 8,
      "type": "heatmap",
      "title": "All routes",
      "description": "",
      "datasource": {
        "type": "prometheus",
        "uid": "${datasource}"
      },
      "gridPos": {
        "h": 8,
        "w": 8,
        "x": 16,
        "y": 10
      },
      "fieldConfig": {
        "defaults": {},
        "overrides": []
      },
      "options": {
        "calculate": false,
        "yAxis": {
          "unit": "s"
        },
        "cellGap": 1,
        "color": {
          "mode": "scheme",
          "scheme": "Oranges"
        }
      },
      "targets": [
        {
          "refId": "A",
          "datasource": {
            "type": "prometheus",
            "uid": "${datasource}"
          },
          "expr": "sum by (le) (increase(http_request_duration_seconds_bucket{namespace=\"$namespace\",service=\"{{ $.Service }}\"}[$__rate_interval]))",
          "legendFormat": "[[le]]",
          "format": "heatmap"
        }
      ]
    },
    {
      "id": 9,
      "type": "row",
      "title": "Replicas",
      "collapsed": false,
      "gridPos": {
        "h": 1,
        "w": 24,
        "x": 0,
        "y": 18
      },
      "panels": []
    },
    {
      "id": 10,
      "type": "timeseries",
      "title": "Pods",
      "description": "The autoscaler's bounds count where it is on.",
      "datasource": {
        "type": "prometheus",
        "uid": "${datasource}"
      },
      "gridPos": {
        "h": 8,
        "w": 8,
        "x": 0,
        "y": 19
      },
      "fieldConfig": {
        "defaults": {
          "unit": "short",
          "min": 0,
          "custom": {
            "fillOpacity": 10,
            "showPoints": "never",
            "stacking": {
              "mode": "none"
            }
          }
        },
        "overrides": []
      },
      "options": {
        "legend": {
          "displayMode": "list",
          "placement": "bottom"
        },
        "tooltip": {
          "mode": "multi",
          "sort": "desc"
        }
      },
      "targets": [
        {
          "refId": "A",
          "datasource": {
            "type": "prometheus",
            "uid": "${datasource}"
          },
          "expr": "count(up{namespace=\"$namespace\",service=\"{{ $.Service }}\"} == 1)",
          "legendFormat": "pods"
        },
        {
          "refId": "B",
          "datasource": {
            "type": "prometheus",
            "uid": "${datasource}"
          },
          "expr": "vector({{ .Values.autoscaling.minReplicas }})",
          "legendFormat": "autoscaler: least"
        },
        {
          "refId": "C",
          "datasource": {
            "type": "prometheus",
            "uid": "${datasource}"
          },
          "expr": "vector({{ .Values.autoscaling.maxReplicas }})",
          "legendFormat": "autoscaler: most"
        }
      ]
    },
    {
      "id": 11,
      "type": "timeseries",
      "title": "Requests per second of a pod",
      "description": "What the autoscaler goes by, and what it aims at for the average pod.",
      "datasource": {
        "type": "prometheus",
        "uid": "${datasource}"
      },
      "gridPos": {
        "h": 8,
        "w": 8,
        "x": 8,
        "y": 19
      },
      "fieldConfig": {
        "defaults": {
          "unit": "reqps",
          "min": 0,
          "custom": {
            "fillOpacity": 10,
            "showPoints": "never",
            "stacking": {
              "mode": "none"
            }
          }
        },
        "overrides": []
      },
      "options": {
        "legend": {
          "displayMode": "list",
          "placement": "bottom"
        },
        "tooltip": {
          "mode": "multi",
          "sort": "desc"
        }
      },
      "targets": [
        {
          "refId": "A",
          "datasource": {
            "type": "prometheus",
            "uid": "${datasource}"
          },
          "expr": "sum by (pod) (rate(http_requests_total{namespace=\"$namespace\",service=\"{{ $.Service }}\"}[$__rate_interval]))",
          "legendFormat": "[[pod]]"
        },
        {
          "refId": "B",
          "datasource": {
            "type": "prometheus",
            "uid": "${datasource}"
          },
          "expr": "vector({{ .Values.autoscaling.requestsPerSecond }})",
          "legendFormat": "autoscaler: target"
        }
      ]
    },
    {
      "id": 12,
      "type": "timeseries",
      "title": "Requests in flight",
      "description": "",
      "datasource": {
        "type": "prometheus",
        "uid": "${datasource}"
      },
      "gridPos": {
        "h": 8,
        "w": 8,
        "x": 16,
        "y": 19
      },
      "fieldConfig": {
        "defaults": {
          "unit": "short",
          "min": 0,
          "custom": {
            "fillOpacity": 10,
            "showPoints": "never",
            "stacking": {
              "mode": "none"
            }
          }
        },
        "overrides": []
      },
      "options": {
        "legend": {
          "displayMode": "list",
          "placement": "bottom"
        },
        "tooltip": {
          "mode": "multi",
          "sort": "desc"
        }
      },
      "targets": [
        {
          "refId": "A",
          "datasource": {
            "type": "prometheus",
            "uid": "${datasource}"
          },
          "expr": "sum by (pod, listener) (http_requests_in_flight{namespace=\"$namespace\",service=\"{{ $.Service }}\"})",
          "legendFormat": "[[pod]] [[listener]]"
        }
      ]
    },
    {
      "id": 13,
      "type": "row",
      "title": "Saturation",
      "collapsed": false,
      "gridPos": {
        "h": 1,
        "w": 24,
        "x": 0,
        "y": 27
      },
      "panels": []
    },
    {
      "id": 14,
      "type": "timeseries",
      "title": "CPU",
      "description": "Processors in use.",
      "datasource": {
        "type": "prometheus",
        "uid": "${datasource}"
      },
      "gridPos": {
        "h": 8,
        "w": 6,
        "x": 0,
        "y": 28
      },
      "fieldConfig": {
        "defaults": {
          "unit": "short",
          "min": 0,
          "custom": {
            "fillOpacity": 10,
            "showPoints": "never",
            "stacking": {
              "mode": "none"
            }
          }
        },
        "overrides": []
      },
      "options": {
        "legend": {
          "displayMode": "list",
          "placement": "bottom"
        },
        "tooltip": {
          "mode": "multi",
          "sort": "desc"
        }
      },
      "targets": [
        {
          "refId": "A",
          "datasource": {
            "type": "prometheus",
            "uid": "${datasource}"
          },
          "expr": "rate(process_cpu_seconds_total{namespace=\"$namespace\",service=\"{{ $.Service }}\"}[$__rate_interval])",
          "legendFormat": "[[pod]]"
        }
      ]
    },
    {
      "id": 15,
      "type": "timeseries",
      "title": "Memory",
      "description": "",
      "datasource": {
        "type": "prometheus",
        "uid": "${datasource}"
      },
      "gridPos": {
        "h": 8,
        "w": 6,
        "x": 6,
        "y": 28
      },
      "fieldConfig": {
        "defaults": {
          "unit": "bytes",
          "min": 0,
          "custom": {
            "fillOpacity": 10,
            "showPoints": "never",
            "stacking": {
              "mode": "none"
            }
          }
        },
        "overrides": []
      },
      "options": {
        "legend": {
          "displayMode": "list",
          "placement": "bottom"
        },
        "tooltip": {
          "mode": "multi",
          "sort": "desc"
        }
      },
      "targets": [
        {
          "refId": "A",
          "datasource": {
            "type": "prometheus",
            "uid": "${datasource}"
          },
          "expr": "process_resident_memory_bytes{namespace=\"$namespace\",service=\"{{ $.Service }}\"}",
          "legendFormat": "[[pod]]"
        },
        {
          "refId": "B",
          "datasource": {
            "type": "prometheus",
            "uid": "${datasource}"
          },
          "expr": "max(go_gc_gomemlimit_bytes{namespace=\"$namespace\",service=\"{{ $.Service }}\"} < 1e18)",
          "legendFormat": "GOMEMLIMIT"
        }
      ]
    },
    {
      "id": 16,
      "type": "timeseries",
      "title": "Goroutines",
      "description": "",
      "datasource": {
        "type": "prometheus",
        "uid": "${datasource}"
      },
      "gridPos": {
        "h": 8,
        "w": 6,
        "x": 12,
        "y": 28
      },
      "fieldConfig": {
        "defaults": {
          "unit": "short",
          "min": 0,
          "custom": {
            "fillOpacity": 10,
            "showPoints": "never",
            "stacking": {
              "mode": "none"
            }
          }
        },
        "overrides": []
      },
      "options": {
        "legend": {
          "displayMode": "list",
          "placement": "bottom"
        },
        "tooltip": {
          "mode": "multi",
          "sort": "desc"
        }
      },
      "targets": [
        {
          "refId": "A",
          "datasource": {
            "type": "prometheus",
            "uid": "${datasource}"
          },
          "expr": "go_goroutines{namespace=\"$namespace\",service=\"{{ $.Service }}\"}",
          "legendFormat": "[[pod]]"
        }
      ]
    },
    {
      "id": 17,
      "type": "timeseries",
      "title": "Versions",
      "description": "",
      "datasource": {
        "type": "prometheus",
        "uid": "${datasource}"
      },
      "gridPos": {
        "h": 8,
        "w": 6,
        "x": 18,
        "y": 28
      },
      "fieldConfig": {
        "defaults": {
          "unit": "short",
          "min": 0,
          "custom": {
            "fillOpacity": 10,
            "showPoints": "never",
            "stacking": {
              "mode": "none"
            }
          }
        },
        "overrides": []
      },
      "options": {
        "legend": {
          "displayMode": "list",
          "placement": "bottom"
        },
        "tooltip": {
          "mode": "multi",
          "sort": "desc"
        }
      },
      "targets": [
        {
          "refId": "A",
          "datasource": {
            "type": "prometheus",
            "uid": "${datasource}"
          },
          "expr": "count by (version) (streamgate_build_info{namespace=\"$namespace\",service=\"{{ $.Service }}\"})",
          "legendFormat": "[[version]]"
        }
      ]
    }
  ]
}
{{- end }}
