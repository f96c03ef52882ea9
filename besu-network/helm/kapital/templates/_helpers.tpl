{{/* Labels of a component; call with (dict "root" $ "component" "…" "name" "…"). */}}
{{- define "kapital.labels" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/component: {{ .component }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/part-of: kapital
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ .root.Chart.Name }}-{{ .root.Chart.Version }}
{{- end }}

{{/* Labels that select a component's pods: these never change. */}}
{{- define "kapital.selector" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{/* An image by its digest where there is one. */}}
{{- define "kapital.image" -}}
{{ .repository }}{{ if .digest }}@{{ .digest }}{{ else }}:{{ .tag }}{{ end }}
{{- end }}

{{/* What no container of ours may do. */}}
{{- define "kapital.locked" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end }}

{{- define "kapital.settings" -}}
{{- range $name, $value := .Values.platform.settings }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- /* Node by node and not through kapital-rpc: who reads keeps one node until it fails. Without a second RPC node a validator stands in. */}}
{{- $others := rest .Values.besu.rpcNodes | default (list (first .Values.besu.validators)) }}
- {name: KAPITAL_RPC_URL, value: "http://{{ first .Values.besu.rpcNodes }}:8545"}
- {name: KAPITAL_RPC_FALLBACK_URLS, value: "http://{{ join ":8545,http://" $others }}:8545"}
- {name: KAPITAL_SECRETS_DIR, value: /run/secrets/kapital}
- {name: KAPITAL_KEK_FILE, value: /run/secrets/kapital/kek}
- {name: KAPITAL_BESU_NODES_FILE, value: /network/nodes.json}
- {name: KAPITAL_DEPLOYMENT_FILE, value: /data/deployments/local.json}
- {name: KAPITAL_FILES_DIR, value: /data/files}
- {name: KAPITAL_METRICS_HOST, value: 0.0.0.0}
{{- end }}

{{- define "kapital.mounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: secrets, mountPath: /run/secrets/kapital, readOnly: true}
- {name: network, mountPath: /network, readOnly: true}
- {name: data, mountPath: /data}
{{- end }}

{{- define "kapital.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 256Mi}
- name: secrets
  secret: {secretName: {{ .Values.existing.platform }}, defaultMode: 288}
- name: network
  projected:
    defaultMode: 288
    sources:
      - configMap: {name: {{ .Values.existing.network }}, items: [{key: nodes.json, path: nodes.json}, {key: accounts.json, path: accounts.json}]}
      - secret: {name: {{ .Values.existing.rpcJwt }}, items: [{key: private.pem, path: jwt/private.pem}]}
- name: data
  persistentVolumeClaim: {claimName: kapital-platform}
{{- end }}

{{- define "kapital.pod" -}}
automountServiceAccountToken: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .Values.imagePullSecrets }}
imagePullSecrets: {{ toYaml . | nindent 2 }}
{{- end }}
{{- end }}
